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
  part INT METADATA FROM 'partition' VIRTUAL,
  feature STRING,
  doubled AS id,
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
EXECUTE INSERT INTO target SELECT * FROM source;
