CREATE TABLE source (
  a INT,
  b STRING,
  c DOUBLE,
  d TIMESTAMP(6),
  e STRING
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  a STRING,
  b BIGINT,
  c DECIMAL(10, 2),
  d STRING,
  e TIMESTAMP_LTZ(3)
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target
SELECT CAST(a AS STRING), CAST(b AS BIGINT), CAST(c AS DECIMAL(10, 2)), CAST(d AS VARCHAR), CAST(e AS TIMESTAMP(3) WITH LOCAL TIME ZONE)
FROM source;
