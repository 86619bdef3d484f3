//! What can be wrong with a specification.
//!
//! The rules of a pallet are the pallet's: they are checked by building the state. Here is what no
//! single pallet sees, because it lies between two of them or outside of all.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use sp_core::crypto::Ss58Codec;
use xinglin_primitives::{AccountId, DepartmentId, MemberId};

use crate::{ChainSpec, Properties};

/// Longest name and id, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// Something that keeps a chain from beginning.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The name is empty or too long.
    #[error("name: must have 1 to {NAME_BYTES_MAX} bytes")]
    Name,
    /// The id is empty, too long or not fit for a folder.
    #[error("id: must have 1 to {NAME_BYTES_MAX} lower-case letters, digits, `-` or `_`")]
    Id,
    /// The properties are not the runtime's.
    #[error(
        "properties: must be ss58Format 42, tokenDecimals 2, tokenSymbol CNY, as the runtime's"
    )]
    Properties,
    /// There is no member.
    #[error("genesis.members.members: a consortium needs at least one member")]
    NoMembers,
    /// There is no validator.
    #[error("genesis.validators.validators: a chain needs at least one validator")]
    NoValidators,
    /// Something names a member that is not in the list. Ids are places in it, from 0.
    #[error(
        "{place}: there is no member {member}; ids are places in genesis.members.members, from 0"
    )]
    UnknownMember {
        /// Where in the file.
        place: String,
        /// The id.
        member: MemberId,
    },
    /// Something only for hospitals and clinics names another member.
    #[error("{place}: member {member} is not a hospital or clinic")]
    NotProvider {
        /// Where in the file.
        place: String,
        /// The id.
        member: MemberId,
    },
    /// A department is published twice.
    #[error("{place}: member {member} has published department {department} before")]
    DuplicateDepartment {
        /// Where in the file.
        place: String,
        /// The member.
        member: MemberId,
        /// The department.
        department: DepartmentId,
    },
    /// A licence is for a department that its member has not published.
    #[error("{place}: member {member} has no department {department} in genesis.appointments.departments")]
    UnknownDepartment {
        /// Where in the file.
        place: String,
        /// The member.
        member: MemberId,
        /// The department.
        department: DepartmentId,
    },
    /// Two parties have one account.
    #[error("{place}: account {account} is that of {other} too; each party needs its own")]
    SharedAccount {
        /// Where in the file.
        place: String,
        /// The account.
        account: String,
        /// Who else has it.
        other: String,
    },
    /// An account has two balances.
    #[error("{place}: account {account} has a balance before")]
    DuplicateBalance {
        /// Where in the file.
        place: String,
        /// The account.
        account: String,
    },
    /// The council is filled by hand.
    #[error("genesis.council.members: must be empty; every member has a seat")]
    Council,
    /// Accounts are to be derived from a phrase.
    #[error("genesis.balances.devAccounts: must be null; list the accounts")]
    DerivedAccounts,
    /// A pallet refuses its part.
    #[error("genesis: {0}")]
    Runtime(String),
}

/// All that is wrong with a specification; one per line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl ChainSpec {
    /// What is wrong besides what the pallets find themselves.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let mut problems = self.problems_of_head();
        problems.extend(self.problems_of_members());
        problems.extend(self.problems_of_departments());
        problems.extend(self.problems_of_accounts());
        problems.extend(self.problems_of_balances());
        problems
    }

    fn problems_of_head(&self) -> Vec<Problem> {
        let is_fit = |id: &str| {
            id.bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
        };
        let sizes = 1..=NAME_BYTES_MAX;
        let genesis = &self.genesis;
        [
            (!sizes.contains(&self.name.len()), Problem::Name),
            (
                !sizes.contains(&self.id.len()) || !is_fit(&self.id),
                Problem::Id,
            ),
            (
                self.properties != Properties::default(),
                Problem::Properties,
            ),
            (genesis.members.members.is_empty(), Problem::NoMembers),
            (
                genesis.validators.validators.is_empty(),
                Problem::NoValidators,
            ),
            (!genesis.council.members.is_empty(), Problem::Council),
            (
                genesis.balances.dev_accounts.is_some(),
                Problem::DerivedAccounts,
            ),
        ]
        .into_iter()
        .filter_map(|(is_wrong, problem)| is_wrong.then_some(problem))
        .collect()
    }

    /// Members that validators, nodes and appointments name.
    fn problems_of_members(&self) -> Vec<Problem> {
        let genesis = &self.genesis;
        let validators = genesis.validators.validators.iter();
        let nodes = genesis.validators.nodes.iter();
        let appointments = &genesis.appointments;
        let any_kind = places("validators.validators", validators.map(|it| it.member))
            .chain(places("validators.nodes", nodes.map(|it| it.member)));
        let providers = places(
            "appointments.departments",
            appointments.departments.iter().map(|it| it.0),
        )
        .chain(places(
            "appointments.rules",
            appointments.rules.iter().map(|it| it.0),
        ))
        .chain(places(
            "appointments.schedules",
            appointments.schedules.iter().map(|it| it.0),
        ));

        let member = |id: MemberId| genesis.members.members.get(id.0 as usize);
        let unknown = |place: &str, id| Problem::UnknownMember {
            place: place.to_string(),
            member: id,
        };
        any_kind
            .filter(|(_, id)| member(*id).is_none())
            .map(|(place, id)| unknown(&place, id))
            .chain(providers.filter_map(|(place, id)| match member(id) {
                None => Some(unknown(&place, id)),
                Some(found) if found.kind.is_provider() => None,
                Some(_) => Some(Problem::NotProvider { place, member: id }),
            }))
            .collect()
    }

    /// Departments are published once, and licences are for published ones.
    fn problems_of_departments(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut published = BTreeSet::new();
        let departments = self.genesis.appointments.departments.iter();
        for (place, (member, department, _)) in places("appointments.departments", departments) {
            if !published.insert((member, department)) {
                problems.push(Problem::DuplicateDepartment {
                    place,
                    member: *member,
                    department: *department,
                });
            }
        }
        let practitioners = self.genesis.members.practitioners.iter();
        for (place, practitioner) in places("members.practitioners", practitioners) {
            for licence in &practitioner.licences {
                if !published.contains(&(&licence.member, &licence.department)) {
                    problems.push(Problem::UnknownDepartment {
                        place: place.clone(),
                        member: licence.member,
                        department: licence.department,
                    });
                }
            }
        }
        problems
    }

    /// Each party has accounts of its own.
    fn problems_of_accounts(&self) -> Vec<Problem> {
        let parties = &self.genesis.members;
        let members = places("members.members", parties.members.iter());
        let accounts = members
            .flat_map(|(place, member)| {
                std::iter::once(&member.account)
                    .chain(&member.service_accounts)
                    .map(move |account| (place.clone(), account))
            })
            .chain(places(
                "members.practitioners",
                parties.practitioners.iter().map(|it| &it.account),
            ))
            .chain(places(
                "members.patients",
                parties.patients.iter().map(|it| &it.account),
            ));
        let mut seen: BTreeMap<&AccountId, String> = BTreeMap::new();
        let mut problems = Vec::new();
        for (place, account) in accounts {
            if let Some(other) = seen.get(account) {
                problems.push(Problem::SharedAccount {
                    place,
                    account: account.to_ss58check(),
                    other: other.clone(),
                });
            } else {
                seen.insert(account, place);
            }
        }
        problems
    }

    fn problems_of_balances(&self) -> Vec<Problem> {
        let mut seen = BTreeSet::new();
        places("balances.balances", self.genesis.balances.balances.iter())
            .filter(|(_, (account, _))| !seen.insert(account))
            .map(|(place, (account, _))| Problem::DuplicateBalance {
                place,
                account: account.to_ss58check(),
            })
            .collect()
    }
}

/// The items of a list of the genesis, each with its place in the file.
fn places<T>(list: &str, items: impl Iterator<Item = T>) -> impl Iterator<Item = (String, T)> {
    let list = list.to_string();
    items
        .enumerate()
        .map(move |(index, item)| (format!("genesis.{list}[{index}]"), item))
}
