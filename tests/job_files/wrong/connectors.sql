CREATE TABLE source (
  id INT,
  feature STRING
) WITH (
  'connector' = 'kafak',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE target (
  id INT,
  feature STRING
) WITH (
  'connector' = 'jdbc',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
CREATE TABLE bare (id INT) WITH ('topic' = 'x');
INSERT INTO target SELECT * FROM source;
INSERT INTO source SELECT * FROM target;
INSERT INTO target SELECT * FROM bare;
