CREATE TABLE base (
  id INT,
  part INT METADATA FROM 'partition',
  text AS CAST(id AS STRING),
  feature STRING
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE bare LIKE base (EXCLUDING GENERATED EXCLUDING METADATA);
CREATE TABLE other (
  part BIGINT METADATA FROM 'offset'
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'elsewhere:9092',
  'topic' = 'other',
  'format' = 'csv',
  'properties.group.id' = 'readers'
) LIKE base (EXCLUDING ALL INCLUDING GENERATED);
CREATE TABLE target (
  id INT,
  feature STRING,
  part BIGINT,
  text STRING
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target (id, feature) SELECT * FROM bare;
INSERT INTO target (id, text, feature, part) SELECT * FROM other;
