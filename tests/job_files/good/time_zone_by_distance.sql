CREATE TABLE source (
  id INT,
  sold TIMESTAMP(3),
  seen TIMESTAMP_LTZ(3)
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  id INT,
  sold TIMESTAMP_LTZ(3),
  seen TIMESTAMP(3),
  seen_on DATE
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
SET table.local-time-zone = GMT+08:00;
INSERT INTO target SELECT id, sold, seen, CAST(seen AS DATE) FROM source WHERE sold < seen;
