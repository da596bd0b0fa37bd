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
CREATE VIEW v AS SELECT nope FROM source;
CREATE VIEW w (a, b, c) AS SELECT * FROM source;
CREATE VIEW source AS SELECT * FROM source;
CREATE VIEW twice AS SELECT id, id FROM source;
CREATE VIEW sorted AS SELECT id FROM source ORDER BY id;
INSERT INTO target SELECT anything, at_all FROM v;
INSERT INTO w SELECT * FROM source;
DROP TABLE w;
DROP VIEW target;
DROP TABLE nowhere;
