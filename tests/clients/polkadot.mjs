// @polkadot/api against a node: legacy JSON-RPC only.

import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import {
  assert, assertConsecutive, assertRooted, first, run, schedule, several, url, withoutRepeats,
} from './support.mjs';

let api;
let scheduleId;
let appointmentId;
let booking;
const keyring = new Keyring({ type: 'sr25519' });
const hospital = () => keyring.addFromUri('//Alice');
const patient = () => keyring.addFromUri('//Alice//patient//1');

/** Every status of a transaction that goes well, in order. */
const ALL_STATUSES = ['Ready', 'InBlock', 'Finalized'];

/** Signs, submits and watches; gives the statuses seen and the events at inclusion. */
function submit(tx, signer, options = {}) {
  const statuses = [];
  return new Promise((resolve, reject) => {
    tx.signAndSend(signer, options, ({ status, events, dispatchError }) => {
      statuses.push(status.type);
      if (dispatchError) {
        const { section, name } = api.registry.findMetaError(dispatchError.asModule);
        reject(new Error(`${section}.${name}`));
      } else if (status.isFinalized) {
        resolve({ statuses: withoutRepeats(statuses), events, hash: tx.hash.toHex() });
      } else if (status.isInvalid || status.isDropped) {
        reject(new Error(status.type));
      }
    }).catch(reject);
  });
}

const eventOf = (events, section, method) => {
  const found = events.find(({ event }) => event.section === section && event.method === method);
  assert.ok(found, `no ${section}.${method} among ${events.map(({ event }) => event.method)}`);
  return found.event;
};

await run('@polkadot/api', [
  ['connect', async () => {
    api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true, throwOnConnect: true });
    assert.equal(api.runtimeVersion.specName.toString(), 'xinglin');
  }],
  ['metadata names our pallets', async () => {
    for (const pallet of ['members', 'validators', 'appointments']) assert.ok(api.tx[pallet]);
    assert.ok((await api.rpc.state.getMetadata()).version >= 14);
  }],
  ['constants', async () => {
    assert.equal(api.consts.system.ss58Prefix.toNumber(), 42);
    assert.equal(api.consts.appointments.slotsMax.toNumber() > 0, true);
    assert.deepEqual(api.consts.system.version.specName.toString(), 'xinglin');
  }],
  ['storage once', async () => {
    const { data } = await api.query.system.account(hospital().address);
    assert.ok(data.free.toBigInt() > 0n);
  }],
  ['entries', async () => {
    const members = await api.query.members.members.entries();
    assert.equal(members.length, 6);
  }],
  ['storage subscribed', async () => {
    const [before, after] = await several(2, (callback) => api.query.timestamp.now(callback));
    assert.ok(after.toNumber() > before.toNumber());
  }],
  ['heads', async () => {
    const numbersOf = async (subscribe) => {
      const heads = await several(3, subscribe);
      return heads.map((head) => head.number.toNumber());
    };
    assertConsecutive(await numbersOf((callback) => api.rpc.chain.subscribeNewHeads(callback)));
    assertConsecutive(await numbersOf((callback) => api.rpc.chain.subscribeFinalizedHeads(callback)));
    const head = await first((callback) => api.rpc.chain.subscribeNewHeads(callback));
    const hash = await api.rpc.chain.getBlockHash(head.number.unwrap());
    assert.equal(hash.toHex(), head.hash.toHex());
  }],
  ['historical state', async () => {
    const hash = await api.rpc.chain.getBlockHash(1);
    const at = await api.at(hash);
    assert.equal((await at.query.system.number()).toNumber(), 1);
    const author = await api.derive.chain.getHeader(hash);
    assert.ok(author.author, 'the author of a block is shown');
  }],
  ['publish a schedule', async () => {
    const tx = api.tx.appointments.publishSchedule({ ...schedule(2), kind: 'FollowUp' });
    const { statuses, events } = await submit(tx, hospital());
    assert.deepEqual(statuses, ALL_STATUSES);
    scheduleId = eventOf(events, 'appointments', 'SchedulePublished').data.schedule;
  }],
  ['book an appointment', async () => {
    const role = (await api.query.members.accounts(patient().address)).unwrap();
    const tx = api.tx.appointments.book(role.asPatient, scheduleId, 3, false, null);
    const { events, statuses, hash } = await submit(tx, patient());
    assert.deepEqual(statuses, ALL_STATUSES);
    booking = hash;
    appointmentId = eventOf(events, 'appointments', 'Booked').data.appointment;
    const stored = (await api.query.appointments.appointments(appointmentId)).unwrap();
    assert.equal(stored.slot.toNumber(), 3);
    assert.ok(stored.state.isBooked);
  }],
  ['a refusal is named', async () => {
    const role = (await api.query.members.accounts(patient().address)).unwrap();
    const tx = api.tx.appointments.book(role.asPatient, scheduleId, 3, false, null);
    await assert.rejects(submit(tx, patient()), /appointments\./);
  }],
  ['batch', async () => {
    const batch = api.tx.utility.batchAll([
      api.tx.system.remarkWithEvent('0x68656c6c6f'),
      api.tx.balances.transferKeepAlive(keyring.addFromUri('//Bob').address, 100),
    ]);
    const { events } = await submit(batch, hospital(), { nonce: -1 });
    eventOf(events, 'system', 'Remarked');
    eventOf(events, 'balances', 'Transfer');
    eventOf(events, 'utility', 'BatchCompleted');
  }],
  ['a stranger is refused with a code', async () => {
    const stranger = keyring.addFromUri('//Nobody');
    await assert.rejects(api.tx.system.remark('0x00').signAndSend(stranger), /1010/);
  }],
  ['proof', async () => {
    const key = api.query.appointments.appointments.key(appointmentId);
    const { at, proof } = await api.rpc.state.getReadProof([key]);
    const { stateRoot } = await api.rpc.chain.getHeader(at);
    assertRooted(proof.map((node) => node.toHex()), stateRoot.toHex());
  }],
  ['receipt', async () => {
    const receipt = await api._rpcCore.provider.send('xinglin_receipt', [booking]);
    const { block } = (await api.rpc.chain.getBlock(receipt.blockHash)).toJSON();
    assert.equal(block.header.number, receipt.blockNumber);
    assert.equal(block.extrinsics[receipt.index], receipt.extrinsic);
    assert.equal(receipt.header.extrinsicsRoot, block.header.extrinsicsRoot);
  }],
  ['disconnect', () => api.disconnect()],
]);
