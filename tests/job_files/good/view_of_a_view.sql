CREATE TABLE source (
  id INT,
  color VARCHAR(10),
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
CREATE TEMPORARY VIEW red AS SELECT id, price, feature FROM source WHERE color = 'red';
CREATE VIEW IF NOT EXISTS dear (nr COMMENT 'its number', vector) COMMENT 'dear and red' AS
SELECT id, feature FROM red WHERE price >= 50000;
INSERT INTO target SELECT * FROM dear;
