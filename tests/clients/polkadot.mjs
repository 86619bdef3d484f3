// @polkadot/api against a node: legacy JSON-RPC only.

import { ApiPromise, Keyring, WsProvider } from '@polkadot/api';
import { assert, first, run, schedule, url } from './support.mjs';

let api;
let scheduleId;
let appointmentId;
const keyring = new Keyring({ type: 'sr25519' });
const hospital = () => keyring.addFromUri('//Alice');
const patient = () => keyring.addFromUri('//Alice//patient//1');

/** Signs, submits and watches; gives the statuses seen and the events at inclusion. */
function submit(tx, signer, options = {}) {
  const statuses = [];
  return new Promise((resolve, reject) => {
    tx.signAndSend(signer, options, ({ status, events, dispatchError }) => {
      statuses.push(status.type);
      if (dispatchError && !options.mayFail) {
        const { section, name } = api.registry.findMetaError(dispatchError.asModule);
        reject(new Error(`${section}.${name}`));
      } else if (status.isFinalized) {
        resolve({ statuses, events, dispatchError });
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
    assert.equal(members.length, 5);
  }],
  ['storage subscribed', async () => {
    const moments = [];
    await first(
      (callback) => api.query.timestamp.now(callback),
      (moment) => moments.push(moment.toNumber()) >= 2,
    );
    assert.ok(moments[1] > moments[0]);
  }],
  ['heads', async () => {
    const head = await first((callback) => api.rpc.chain.subscribeNewHeads(callback));
    const finalized = await first((callback) => api.rpc.chain.subscribeFinalizedHeads(callback));
    assert.ok(finalized.number.toNumber() >= head.number.toNumber() - 1);
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
    for (const status of ['Ready', 'InBlock', 'Finalized']) assert.ok(statuses.includes(status), `${status} of ${statuses}`);
    scheduleId = eventOf(events, 'appointments', 'SchedulePublished').data.schedule;
  }],
  ['book an appointment', async () => {
    const role = (await api.query.members.accounts(patient().address)).unwrap();
    const tx = api.tx.appointments.book(role.asPatient, scheduleId, 3, false, null);
    const { events } = await submit(tx, patient());
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
    assert.ok(proof.length > 0);
    assert.ok((await api.rpc.chain.getHeader(at)).number.toNumber() > 0);
  }],
  ['receipt', async () => {
    const tip = await api.rpc.chain.getHeader();
    const status = await api._rpcCore.provider.send('xinglin_status', []);
    assert.ok(status.height >= tip.number.toNumber());
  }],
  ['disconnect', () => api.disconnect()],
]);
