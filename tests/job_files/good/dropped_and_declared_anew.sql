CREATE TABLE source (
  id INT,
  feature STRING
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  id INT,
  feature STRING
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
DROP TABLE IF EXISTS nope;
DROP TEMPORARY VIEW IF EXISTS nope;
INSERT INTO target SELECT * FROM source;
DROP TABLE source;
CREATE TABLE source (
  nr BIGINT,
  vector STRING
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'newer_cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
INSERT INTO target SELECT CAST(nr AS INT), vector FROM source;
