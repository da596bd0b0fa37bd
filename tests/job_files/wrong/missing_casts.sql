CREATE TABLE source (
  a STRING,
  b BIGINT,
  c DOUBLE,
  d TIMESTAMP
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  a INT,
  b INT,
  c FLOAT,
  d DATE NOT NULL
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT * FROM source;
INSERT INTO target SELECT NULL, NULL, NULL, NULL FROM source;
