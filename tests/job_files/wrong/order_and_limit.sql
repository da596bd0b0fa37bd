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
INSERT INTO target SELECT id, feature FROM source ORDER BY id;
INSERT INTO target SELECT id, feature FROM source
LIMIT 10;
INSERT INTO target SELECT id, feature FROM source OFFSET 3 ROWS;
INSERT INTO target SELECT id, feature FROM source FETCH FIRST 3 ROWS ONLY;
