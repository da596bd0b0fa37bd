//! Sample cars. The same seed always gives the same cars. Their checksum can also be computed by PostgreSQL.
#![allow(dead_code, reason = "the program, the demo and the tests each use their part")]

use std::io::Write;

use openssl::hash::{MessageDigest, hash};

const COLORS: [&str; 8] = ["red", "blue", "black", "white", "silver", "green", "yellow", "orange"];
/// 2015-01-01, and ten years in milliseconds.
const FIRST_DAY: i64 = 16_436;
const TEN_YEARS: u64 = 3652 * 86_400_000;

/// Embeddings lie in so many groups, and differ in so many directions.
const GROUPS: u64 = 1000;
const DIRECTIONS: u64 = 16;

/// How many cars, with ids from 1, and the dimension of their vectors.
#[derive(Clone, Copy, Debug)]
pub struct Cars {
    pub rows: u64,
    pub dims: usize,
    pub seed: u64,
}

/// One row of `car_info`.
#[derive(Clone, Debug, PartialEq)]
pub struct Car {
    pub id: i64,
    /// Milliseconds since 1970.
    pub market_time: i64,
    pub color: &'static str,
    pub price: i32,
    pub feature: Vec<f32>,
}

impl Cars {
    /// The car with this id. The cars before it need not be made.
    pub fn car(&self, id: i64) -> Car {
        let mut random = Random(mix(self.seed).wrapping_add(mix(id as u64)));
        Car {
            id,
            market_time: FIRST_DAY * 86_400_000 + (random.next() % TEN_YEARS) as i64,
            color: COLORS[(random.next() % 8) as usize],
            price: 5_000 + (random.next() % 95_000) as i32,
            feature: (0..self.dims).map(|_| random.unit()).collect(),
        }
    }

    /// A vector as an embedding model makes them: such vectors lie in groups and differ in few directions, whatever their
    /// dimension is. A vector index has less work with them than with random vectors, and finds more of the nearest ones.
    pub fn embedding(&self, id: i64) -> Vec<f32> {
        let mut random = Random(mix(self.seed).wrapping_add(mix(id as u64)));
        let mut group = Random(mix(random.next() % GROUPS));
        let mut vector: Vec<f32> = (0..self.dims).map(|_| 0.02 * random.unit()).collect();
        for direction in 1..=DIRECTIONS {
            let share = group.unit() + 0.5 * random.unit();
            // The directions are the same for all seeds.
            let mut direction = Random(mix(direction));
            vector.iter_mut().for_each(|element| *element += 0.25 * share * direction.unit());
        }
        vector
    }

    pub fn iter(&self) -> impl Iterator<Item = Car> {
        let cars = *self;
        (1..=self.rows as i64).map(move |id| cars.car(id))
    }

    /// The number that [`checksum_sql`] must give for a table with exactly these cars.
    pub fn checksum(&self) -> u128 {
        self.iter().map(|car| u128::from(car.hash())).sum()
    }
}

impl Car {
    /// Writes the car as a message: tab-separated, without a line end.
    pub fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        let (id, color, price) = (self.id, self.color, self.price);
        write!(out, "{id}\t{}\t{color}\t{price}\t{{", timestamp(self.market_time, 3))?;
        for (i, element) in self.feature.iter().enumerate() {
            // Rust prints the shortest text that reads back as the same number.
            write!(out, "{}{element}", if i == 0 { "" } else { "," })?;
        }
        out.write_all(b"}")
    }

    pub fn line(&self) -> Vec<u8> {
        let mut line = Vec::with_capacity(64 + 12 * self.feature.len());
        self.write(&mut line).expect("memory takes any line");
        line
    }

    /// The car as a message of the job `examples/sql/json.sql`.
    pub fn json(&self) -> Vec<u8> {
        let time = timestamp(self.market_time, 3);
        let feature: Vec<String> = self.feature.iter().map(f32::to_string).collect();
        let (id, color, price, feature) = (self.id, self.color, self.price, feature.join(","));
        format!(r#"{{"id":{id},"market_time":"{time}","color":"{color}","price":{price},"feature":[{feature}]}}"#)
            .into()
    }

    /// The car as a message of the job `examples/sql/avro.sql`: each value, and each float, is branch 1 of a union with null.
    pub fn avro(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32 + 5 * self.feature.len());
        let branch = |out: &mut Vec<u8>| whole(1, out);
        for number in [self.id, self.market_time] {
            branch(&mut out);
            whole(number, &mut out);
        }
        branch(&mut out);
        whole(self.color.len() as i64, &mut out);
        out.extend_from_slice(self.color.as_bytes());
        branch(&mut out);
        whole(self.price.into(), &mut out);
        branch(&mut out);
        if !self.feature.is_empty() {
            whole(self.feature.len() as i64, &mut out);
        }
        for element in &self.feature {
            branch(&mut out);
            out.extend_from_slice(&element.to_le_bytes());
        }
        whole(0, &mut out);
        out
    }

    /// The first 60 bits of an MD5 over all columns, the vector in its exact binary form.
    pub fn hash(&self) -> u64 {
        let (time, color) = (timestamp(self.market_time, 6), self.color);
        let mut bytes = format!("{}|{time}|{color}|{}|", self.id, self.price).into_bytes();
        // The bytes of PostgreSQL's array_send: number of dimensions, no NULLs, the type float4, number of elements, the first index.
        for word in [1, 0, 700, self.feature.len() as i32, 1] {
            bytes.extend_from_slice(&word.to_be_bytes());
        }
        for element in &self.feature {
            bytes.extend_from_slice(&4_i32.to_be_bytes());
            bytes.extend_from_slice(&element.to_be_bytes());
        }
        let digest = hash(MessageDigest::md5(), &bytes).expect("OpenSSL has MD5");
        u64::from_be_bytes(std::array::from_fn(|i| digest[i])) >> 4
    }
}

/// A whole number as Avro writes it.
fn whole(value: i64, out: &mut Vec<u8>) {
    let mut folded = ((value << 1) ^ (value >> 63)) as u64;
    while folded >= 0x80 {
        out.push(folded as u8 | 0x80);
        folded >>= 7;
    }
    out.push(folded as u8);
}

/// A query for the sum of all rows' hashes. The order of the rows doesn't matter, but each bit of each column does.
pub fn checksum_sql(table: &str) -> String {
    format!(
        "SELECT coalesce(sum(('x' || substr(md5(convert_to(id || '|' || to_char(market_time, 'YYYY-MM-DD HH24:MI:SS.US') \
         || '|' || color || '|' || price || '|', 'UTF8') || array_send(feature)), 1, 15))::bit(60)::bigint), 0)::text \
         FROM {table}"
    )
}

/// `YYYY-MM-DD HH:MM:SS.fraction`, with 3 or more digits of fraction.
fn timestamp(milliseconds: i64, digits: usize) -> String {
    let (year, month, day) = date(milliseconds.div_euclid(86_400_000));
    let of_day = milliseconds.rem_euclid(86_400_000);
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60);
    let fraction = of_day % 1000;
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{fraction:03}{:0<1$}", "", digits - 3)
}

/// The date that is some days after 1970-01-01. It holds for the years 1970 to 2099, in which every fourth is a leap year.
fn date(days: i64) -> (i64, i64, i64) {
    // If days are counted from 1968-03-01, the leap day is the last day of each four years.
    let days = days + 671;
    let (four_years, rest) = (days / 1461, days % 1461);
    let year = (rest / 365).min(3);
    let of_year = rest - 365 * year;
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next_year) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (1968 + 4 * four_years + year + next_year, month, day)
}

/// SplitMix64. It is written here, so that a new version of a library can't change the cars.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// From -1 up to 1, in steps of 2⁻²³.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
