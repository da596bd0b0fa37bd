CREATE TABLE source (
  feature BYTES,
  nr BIGINT METADATA FROM 'offset',
  shard INT METADATA FROM 'partition'
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'vectors',
  'format' = 'raw',
  'scan.startup.mode' = 'latest-offset'
);
CREATE TABLE target (
  shard INT,
  nr BIGINT,
  feature BYTES,
  PRIMARY KEY (shard, nr) NOT ENFORCED
) WITH (
  'connector' = 'adbpg',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'vectors',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'ignore'
);
INSERT INTO target SELECT shard, nr, feature FROM source;
