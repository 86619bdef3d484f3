//! Registration of nodes.

use frame_support::{assert_noop, assert_ok};
use xinglin_primitives::{glue::NodeRegistry, MemberId};

use crate::{mock::*, Address, Addresses, Call, Error, Event, Node, Nodes, PeerId, NODES_MAX};

fn register_node(n: u8) -> Call<Test> {
    Call::register_node {
        peer: peer(n),
        addresses: addresses(2),
    }
}

fn update_node(n: u8, count: usize) -> Call<Test> {
    Call::update_node {
        peer: peer(n),
        addresses: addresses(count),
    }
}

fn remove_node(n: u8) -> Call<Test> {
    Call::remove_node { peer: peer(n) }
}

fn may_connect(n: u8) -> bool {
    Validators::peer_ids().contains(&peer(n).into_inner())
}

#[test]
fn a_member_registers_updates_and_removes_a_node() {
    run(|| {
        block_by(0, || {
            let (member, peer) = (MemberId(5), peer(50));
            assert_ok!(by(5, register_node(50)));
            assert_events(&[Event::NodeRegistered {
                member,
                peer: peer.clone(),
            }]);
            assert!(may_connect(50));

            assert_ok!(by(5, update_node(50, 0)));
            assert_events(&[Event::NodeUpdated {
                member,
                peer: peer.clone(),
            }]);
            let addresses = Addresses::default();
            assert_eq!(Nodes::<Test>::get(&peer), Some(Node { member, addresses }));

            assert_ok!(by(5, remove_node(50)));
            assert_events(&[Event::NodeRemoved {
                member,
                peer: peer.clone(),
            }]);
            assert!(!may_connect(50));
        });
    });
}

#[test]
fn a_node_belongs_to_one_member() {
    run(|| {
        assert_ok!(by(5, register_node(50)));
        assert_noop!(by(6, register_node(50)), Error::<Test>::PeerInUse);
        assert_noop!(by(5, register_node(50)), Error::<Test>::PeerInUse);
        assert_noop!(by(6, update_node(50, 1)), Error::<Test>::NotOwner);
        assert_noop!(by(6, remove_node(50)), Error::<Test>::NotOwner);
        assert_noop!(by(5, update_node(51, 1)), Error::<Test>::UnknownNode);
        assert_noop!(by(5, remove_node(51)), Error::<Test>::UnknownNode);
        // The council removes anyone's.
        assert_ok!(by_council(remove_node(50)));
    });
}

#[test]
fn only_active_members_have_nodes() {
    run(|| {
        assert_ok!(by(5, register_node(50)));
        Suspended::set(vec![MemberId(5)]);
        for call in [register_node(51), update_node(50, 1), remove_node(50)] {
            assert_noop!(by(5, call.clone()), Error::<Test>::NotActiveMember);
            assert_noop!(by(MEMBERS, call), Error::<Test>::NotActiveMember);
        }
        assert!(!may_connect(50));
    });
}

#[test]
fn a_suspended_member_in_the_set_keeps_its_connections() {
    run(|| {
        Suspended::set(vec![MemberId(0)]);
        assert!(may_connect(0));
    });
}

#[test]
fn nodes_of_a_member_are_bounded() {
    run(|| {
        for n in 0..NODES_MAX as u8 {
            assert_ok!(by(5, register_node(50 + n)));
        }
        assert_noop!(by(5, register_node(90)), Error::<Test>::TooManyNodes);
        assert_ok!(by(5, remove_node(50)));
        assert_ok!(by(5, register_node(90)));
    });
}

#[test]
fn a_peer_id_is_a_multihash() {
    run(|| {
        let sha256 = |length: usize| [vec![0x12, 0x20], vec![1; length]].concat();
        for (bytes, is_peer_id) in [
            (vec![], false),
            (vec![0x00], false),
            (vec![0x00, 0x00], false),
            (vec![0x00, 0x02, 1], false),
            (vec![0x00, 0x02, 1, 2], true),
            (sha256(32), true),
            (sha256(31), false),
            (sha256(33), false),
            (b"12D3KooW".to_vec(), false),
        ] {
            let call = Call::register_node {
                peer: PeerId::try_from(bytes.clone()).unwrap(),
                addresses: addresses(0),
            };
            if is_peer_id {
                assert_ok!(by(5, call));
            } else {
                assert_noop!(by(5, call), Error::<Test>::MalformedPeerId);
            }
        }
    });
}

#[test]
fn addresses_are_not_empty() {
    run(|| {
        let addresses = Addresses::try_from(vec![Address::default()]).unwrap();
        let peer = peer(50);
        let register = Call::register_node {
            peer: peer.clone(),
            addresses: addresses.clone(),
        };
        assert_noop!(by(5, register), Error::<Test>::EmptyAddress);
        assert_ok!(by(5, register_node(50)));
        let update = Call::update_node { peer, addresses };
        assert_noop!(by(5, update), Error::<Test>::EmptyAddress);
    });
}

#[test]
fn the_node_of_a_validator_stays() {
    run(|| {
        assert_noop!(by(0, remove_node(0)), Error::<Test>::NodeInUse);
        assert_noop!(by_council(remove_node(0)), Error::<Test>::NodeInUse);
        assert_ok!(by(0, register_node(50)));
        assert_ok!(by(
            0,
            Call::register_validator {
                key: key(0),
                possession: possession(0, 0),
                peer: peer(50),
            }
        ));
        assert_ok!(by(0, remove_node(0)));
    });
}
