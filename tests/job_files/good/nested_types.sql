CREATE TABLE source (
  id INT,
  car ROW<color STRING 'as painted', wheels ARRAY<ROW(width INT, `maker` STRING)>> NOT NULL,
  extras MAP<STRING, ARRAY<DOUBLE>>,
  feature ARRAY<FLOAT>
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'json',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  id INT,
  feature ARRAY<FLOAT>
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT id, feature FROM source WHERE car IS NOT NULL AND extras IS NOT NULL;
