//! The days after, as calls: what is moved, changed, taken back and contested, and who comes and goes.
//! Most of it is about patient 5.

mod money;
mod oversight;
mod treatment;

use xinglin_primitives::PatientId;

use super::chain::Chain;

const CLINIC: &str = "//Bob";
const PATIENT: PatientId = PatientId(5);
/// The account of patient 5 from when hers is replaced.
pub const RENEWED: &str = "//Alice//patient//6//new";
/// A provider of payment services that the council registers.
const PROVIDER: &str = "//Provider";

/// Plays the days after the first one.
pub fn play(chain: &mut Chain) {
    treatment::visits(chain);
    treatment::records(chain);
    treatment::sharing(chain);
    treatment::requests(chain);
    treatment::renewal(chain);
    treatment::erasure(chain);
    money::settlements(chain);
    money::claims(chain);
    oversight::council(chain);
    money::outside_payments(chain);
    oversight::cases(chain);
    oversight::staff(chain);
    money::end_of_coverage(chain);
}
