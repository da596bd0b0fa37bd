CREATE TABLE source (
  id INTT,
  name TEXT,
  car ROW<color STRNG, wheels INT>,
  amount DECIMAL(40, 2),
  good INT,
  at TIMESTAMP WITH TIME ZONE COMMENT 'not so'
) WITH (
  'connector' = 'kafka'
);
CREATE TABLE target (
  id INT,
  score REAL,
  tags MULTISET<STRNG>,
  span INTERVAL DAY TO MONTH,
  tiny VARCHAR(0),
  PRIMARY KEY (id, id) NOT ENFORCED,
  twice ROW<a INT, a INT>
) WITH (
  'connector' = 'adbpg'
);
INSERT INTO target SELECT * FROM source;
