CREATE TABLE source (
  id INT,
  feature STRING,
  part INT METADATA FROM 'partion',
  place DATE METADATA FROM 'offset',
  origin STRING METADATA FROM 'value.source.table'
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  id INT,
  feature STRING,
  written TIMESTAMP_LTZ(3) METADATA FROM 'timestamp'
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT id, feature FROM source;
