CREATE TABLE Source (
  `Id` INT,
  `select` STRING,
  `a``b` STRING,
  `my column` DOUBLE
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE Target (
  `Id` INT,
  `Order` STRING,
  plain STRING,
  `my column` DOUBLE
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'Cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert',
  'casesensitive' = '1',
  'targetschema' = 'My Schema'
);
insert into `default_catalog`.`default_database`.`Target` select `Id`, `select`, `a``b`, `my column` from default_database.Source;
