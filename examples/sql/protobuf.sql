-- Cars as protobuf messages (car.proto), their vectors as packed floats.
CREATE TABLE vector_ingest (id INT, market_time TIMESTAMP, color VARCHAR(10), price INT, feature ARRAY<FLOAT>, PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'adbpg-nightly-1.13', 'url' = 'jdbc:postgresql://${PGHOST}:${PGPORT}/adbpg_test', 'tablename' = 'car_info',
      'username' = '${PGUSER}', 'password' = '${PGPASSWORD}', 'targetschema' = 'vector_test', 'conflictmode' = 'upsert');
CREATE TABLE vector_kafka (id INT, painted TIMESTAMP_LTZ(3), color STRING, price ROW<amount INT, currency STRING>, feature ARRAY<FLOAT>)
WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = '${KAFKA_BROKERS}', 'topic' = 'vector_ingest', 'format' = 'protobuf',
      'protobuf.descriptor-file' = 'examples/sql/car.desc', 'protobuf.message' = 'shop.Car', 'scan.startup.mode' = 'earliest-offset');
INSERT INTO vector_ingest SELECT id, CAST(painted AS TIMESTAMP), color, k.price.amount, feature FROM vector_kafka AS k;
