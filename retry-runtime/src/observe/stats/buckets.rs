//! How many attempts a call took, in buckets.

/// The most attempts of each bucket but the last, which has no end: each number for itself as far as policies usually go, then three buckets
/// for each power of ten, so that calls under unlimited policies can still be told apart.
const MOST: [u32; BUCKETS - 1] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000,
];

pub(super) const BUCKETS: usize = 21;

/// The bucket of a call with so many attempts.
pub(super) fn bucket(attempts: u32) -> usize {
    MOST.partition_point(|most| *most < attempts)
}

/// The fewest and the most attempts that are counted in the bucket.
pub(super) fn range(bucket: usize) -> (u32, Option<u32>) {
    let fewest = match bucket.checked_sub(1) {
        Some(before) => MOST[before] + 1,
        None => 0,
    };
    (fewest, MOST.get(bucket).copied())
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS, bucket, range};

    #[test]
    fn buckets_leave_no_gap_and_do_not_overlap() {
        let mut next = Some(0);
        for index in 0..BUCKETS {
            let (fewest, most) = range(index);
            assert_eq!(next, Some(fewest));
            assert_eq!(bucket(fewest), index);
            assert_eq!(bucket(most.unwrap_or(u32::MAX)), index);
            next = most.map(|most| most + 1);
        }
        assert_eq!(next, None);
    }
}
