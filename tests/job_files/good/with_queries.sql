CREATE TABLE source (
  id INT,
  price INT,
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
INSERT INTO target
WITH priced AS (SELECT * FROM source WHERE price IS NOT NULL),
     cheap (nr, vector) AS (SELECT id, feature FROM priced WHERE price < 1000)
SELECT nr, vector FROM cheap;
