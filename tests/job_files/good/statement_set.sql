CREATE TABLE source (
  id INT,
  color STRING,
  feature STRING
) WITH (
  'connector' = 'kafka',
  'properties.bootstrap.servers' = 'broker:9092',
  'topic' = 'cars',
  'format' = 'csv',
  'scan.startup.mode' = 'earliest-offset'
);
CREATE TABLE red (
  id INT,
  feature STRING
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'red_cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
CREATE TABLE blue (
  id INT,
  feature STRING
) WITH (
  'connector' = 'adbpg-nightly-1.13',
  'url' = 'jdbc:postgresql://db:5432/shop',
  'tablename' = 'blue_cars',
  'username' = 'writer',
  'password' = 'secret',
  'conflictmode' = 'upsert'
);
EXECUTE STATEMENT SET
BEGIN
INSERT INTO red SELECT id, feature FROM source WHERE color = 'red';
INSERT INTO blue SELECT id, feature FROM source WHERE color = 'blue';
END;
