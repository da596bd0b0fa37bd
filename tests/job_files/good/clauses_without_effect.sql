-- What follows is what an editor's template gives.
CREATE TABLE source (
  id INT COMMENT 'the car; really',
  market_time TIMESTAMP(3) COMMENT 'it''s local',
  feature STRING,
  WATERMARK FOR market_time AS market_time - INTERVAL '5' SECOND
) COMMENT 'cars as they are sold'
PARTITIONED BY (id)
WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  id INT,
  market_time TIMESTAMP(3),
  feature STRING,
  CONSTRAINT the_key PRIMARY KEY (id) NOT ENFORCED
) DISTRIBUTED BY HASH(id) INTO 6 BUCKETS
WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
/* one; two */ INSERT INTO target SELECT * FROM source; -- the end;
