CREATE TABLE source (
  id BIGINT NOT NULL,
  tags ARRAY<STRING>,
  scores DOUBLE ARRAY,
  feature ARRAY<FLOAT NOT NULL> NOT NULL
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  id BIGINT,
  tags ARRAY<STRING>,
  scores ARRAY<DOUBLE>,
  feature ARRAY<FLOAT>,
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT * FROM source;
