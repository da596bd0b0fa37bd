CREATE TABLE source (
  a INT,
  b INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  x INT,
  y INT,
  PRIMARY KEY (y, x)
) WITH (
  'connector' = 'adbpg',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
INSERT INTO target (y, x) SELECT s.*  FROM source AS s (p, q) WHERE p <> q;
