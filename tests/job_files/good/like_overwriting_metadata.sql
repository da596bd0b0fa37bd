CREATE TABLE metrics (
  id INT,
  feature STRING,
  WATERMARK FOR at AS at - INTERVAL '1' MINUTE,
  at TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TEMPORARY TABLE same (
  at TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
  origin STRING METADATA FROM 'topic'
) LIKE metrics (OVERWRITING METADATA EXCLUDING WATERMARKS INCLUDING OPTIONS);
CREATE TABLE target (
  id INT,
  feature STRING,
  at TIMESTAMP_LTZ(3)
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT id, feature, at FROM same WHERE origin = 'cars';
