CREATE TABLE source (
  a TINYINT,
  b INT,
  c FLOAT,
  d DATE,
  e STRING,
  f BIGINT,
  g TIMESTAMP(9)
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  a BIGINT,
  b DECIMAL(20, 2),
  c DOUBLE,
  d DATE,
  e VARCHAR(10),
  f DOUBLE,
  g TIMESTAMP(3)
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT * FROM source WHERE a = f AND c < b AND d >= '2024-01-01' AND g > TIMESTAMP '2024-01-01 00:00:00';
