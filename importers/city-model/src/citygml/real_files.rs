//! Files of cities, judged by figures computed with other tools.
