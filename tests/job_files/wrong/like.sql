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
CREATE TABLE target (
  id INT,
  feature STRING
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
CREATE TABLE a (LIKE source);
CREATE TABLE b (id INT) LIKE source;
CREATE TABLE c WITH ('topic' = 'x') LIKE source (INCLUDING OPTIONS);
CREATE TABLE d LIKE nowhere;
CREATE TABLE e LIKE source (INCLUDING EVERYTHING);
CREATE TABLE f LIKE source (OVERWRITING CONSTRAINTS);
INSERT INTO target SELECT * FROM d;
INSERT INTO target SELECT * FROM source;
