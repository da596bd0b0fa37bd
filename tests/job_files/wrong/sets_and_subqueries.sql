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
INSERT INTO target SELECT id, feature FROM source
UNION
SELECT id, feature FROM source;
INSERT INTO target SELECT id, feature FROM source INTERSECT SELECT id, feature FROM source;
INSERT INTO target SELECT id, feature FROM source WHERE id IN (SELECT id FROM source);
INSERT INTO target SELECT id, (SELECT feature FROM source) FROM source;
CREATE VIEW v AS SELECT id FROM source UNION ALL SELECT id FROM source;
INSERT INTO target VALUES (1, 'a');
