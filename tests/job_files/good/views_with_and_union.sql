CREATE TABLE source (
  id INT,
  color STRING,
  feature STRING
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'json',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE VIEW colored AS
  WITH painted AS (SELECT * FROM source WHERE color IS NOT NULL)
  SELECT p.id AS nr, p.color, p.feature FROM painted p;
CREATE TABLE target (
  nr INT,
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
SELECT q.nr, q.feature FROM (SELECT * FROM colored WHERE color = 'red') q
UNION ALL
(SELECT nr, feature FROM colored WHERE color = 'blue');
