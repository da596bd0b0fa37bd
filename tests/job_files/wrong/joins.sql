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
INSERT INTO target SELECT id, feature FROM source JOIN source AS other ON source.id = other.id;
INSERT INTO target SELECT id, feature FROM source, target;
INSERT INTO target SELECT id, feature FROM source LEFT JOIN source FOR SYSTEM_TIME AS OF x AS other ON TRUE;
INSERT INTO target SELECT id, word FROM source CROSS JOIN UNNEST(words) AS t(word);
