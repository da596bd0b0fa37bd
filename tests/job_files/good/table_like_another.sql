CREATE TABLE cars (
  id INT,
  feature STRING
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE trucks (
  axles INT
) WITH (
  'topic' = 'trucks'
) LIKE cars;
CREATE TABLE target (
  id INT,
  feature STRING,
  axles INT
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target (id, feature) SELECT * FROM cars;
INSERT INTO target SELECT * FROM trucks;
