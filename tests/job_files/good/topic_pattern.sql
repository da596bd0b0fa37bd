CREATE TABLE source (
  id INT,
  feature STRING
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic-pattern' = 'cars-\d+',
  'format' = 'json',
  'scan.startup.mode' = 'timestamp',
  'scan.startup.timestamp-millis' = '1709281800000',
  'scan.bounded.mode' = 'latest-offset'
);
CREATE TABLE target (
  id BIGINT PRIMARY KEY NOT ENFORCED,
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
SELECT id, feature FROM source WHERE id IS NOT NULL AND NOT (feature = '' OR feature IS NULL);
