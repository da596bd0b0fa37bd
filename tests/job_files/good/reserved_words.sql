CREATE TABLE source (
  `value` STRING,
  `key` STRING,
  `timestamp` BIGINT,
  `user` STRING,
  ts TIMESTAMP_LTZ(3) METADATA FROM 'timestamp'
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'json',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  `value` STRING,
  `user` STRING,
  `timestamp` TIMESTAMP_LTZ(3)
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT `value`, source.`user`, ts FROM source WHERE `timestamp` > 0 AND `key` IS NOT NULL;
