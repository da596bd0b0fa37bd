CREATE TABLE source (
  topic STRING METADATA,
  id INT,
  part INT METADATA FROM 'partition' VIRTUAL,
  `offset` BIGINT METADATA VIRTUAL,
  feature STRING,
  written TIMESTAMP(3) METADATA FROM 'timestamp',
  kind STRING METADATA FROM 'timestamp-type',
  epoch INT METADATA FROM 'leader-epoch'
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  topic STRING,
  id INT,
  part BIGINT,
  at BIGINT,
  feature STRING,
  written TIMESTAMP(3),
  kind STRING,
  epoch INT
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target SELECT * FROM source;
