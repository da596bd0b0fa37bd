CREATE TABLE source (
  id INT
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'a;b;c',
  'format' = 'csv',
  'scan.startup.mode' = 'group-offsets',
  'properties.group.id' = 'readers',
  'scan.bounded.mode' = 'latest-offset',
  'scan.parallelism' = '4',
  'csv.ignore-parse-errors' = 'true'
);
CREATE TABLE target (
  id INT
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'strict',
  'exceptionmode' = 'strict',
  'writemode' = '0'
);
INSERT INTO target SELECT id FROM source;
