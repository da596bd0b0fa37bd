CREATE TABLE source (
  id INT,
  feature STRING,
  sold TIMESTAMP(3)
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
INSERT INTO target SELECT * FROM source WHERE id;
INSERT INTO target SELECT id, feature FROM source WHERE feature > 5;
INSERT INTO target SELECT id, feature FROM source WHERE feature = "red";
INSERT INTO target SELECT id, feature FROM source WHERE sold > DATE '2023-02-30';
INSERT INTO target SELECT id, CAST(sold AS ARRAY<INT>) FROM source;
