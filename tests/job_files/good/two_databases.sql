CREATE TABLE source (
  id INT,
  feature STRING
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE here (
  id INT,
  feature STRING
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'ignore'
);
CREATE TABLE there (
  nr BIGINT NOT NULL,
  vector STRING,
  PRIMARY KEY (nr) NOT ENFORCED
) WITH (
  'connector' = 'adbpg',
  'url' = 'jdbc:postgresql://old:5433,older:5434/archive?sslmode=disable',
  'tablename' = 'vehicles',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert',
  'targetschema' = 'archive'
);
INSERT INTO here SELECT * FROM source;
INSERT INTO there SELECT * FROM source;
