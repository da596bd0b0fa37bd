-- -D source.topic=other
-- -D target.batchSize=10
-- -D target.password=${DB_PASSWORD}
-- DB_PASSWORD=from the environment
-- BROKERS=a:9092,b:9092
CREATE TABLE source (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = '${BROKERS}',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  id INT
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'ignore'
);
INSERT INTO target SELECT id FROM source;
