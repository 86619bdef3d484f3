// dedot against a node: the new JSON-RPC by default, the legacy one on request.

import { Keyring } from '@polkadot/keyring';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { DedotClient, WsProvider } from 'dedot';
import {
  assert, assertConsecutive, assertRooted, run, schedule, several, url, withoutRepeats,
} from './support.mjs';

/** Every status of a transaction that goes well, in order, by generation of the JSON-RPC. */
const ALL_STATUSES = {
  v2: ['Validated', 'Broadcasting', 'BestChainBlockIncluded', 'Finalized'],
  // The legacy methods tell of the peers to which it was sent, and this node has none.
  legacy: ['Validated', 'BestChainBlockIncluded', 'Finalized'],
};

const steps = (rpcVersion, day, patientNumber) => {
  let client;
  let scheduleId;
  let appointmentId;
  const keyring = new Keyring({ type: 'sr25519' });
  const submit = async (tx, uri) => {
    const statuses = [];
    const outcome = await new Promise((resolve, reject) => {
      tx.signAndSend(keyring.addFromUri(uri), (result) => {
        statuses.push(result.status.type);
        if (result.status.type === 'Finalized') resolve(result);
        if (['Invalid', 'Drop'].includes(result.status.type)) reject(new Error(result.status.type));
      }).catch(reject);
    });
    if (outcome.dispatchError) {
      const meta = client.registry.findErrorMeta(outcome.dispatchError);
      throw new Error(`${meta?.pallet}.${meta?.name}`);
    }
    return { ...outcome, statuses: withoutRepeats(statuses) };
  };
  const eventOf = (events, check) => {
    const found = events.map(({ event }) => event).find((event) => check.is(event));
    assert.ok(found, 'the expected event');
    return found.palletEvent.data;
  };
  return [
    ['connect', async () => {
      await cryptoWaitReady();
      client = await DedotClient.new({ provider: new WsProvider(url), rpcVersion });
      assert.equal(client.runtimeVersion.specName, 'xinglin');
    }],
    ['constants', async () => {
      assert.equal(client.consts.system.ss58Prefix, 42);
    }],
    ['storage once', async () => {
      const { data } = await client.query.system.account(keyring.addFromUri('//Alice').address);
      assert.ok(data.free > 0n);
    }],
    ['entries', async () => {
      assert.equal((await client.query.members.members.entries()).length, 6);
    }],
    ['storage subscribed', async () => {
      const [before, after] = await several(2, (callback) => client.query.timestamp.now(callback));
      assert.ok(after > before);
    }],
    ['heads', async () => {
      for (const kind of ['best', 'finalized']) {
        const blocks = await several(3, (callback) => { client.block[kind](callback); });
        assertConsecutive(blocks.map(({ number }) => number));
      }
    }],
    ['publish a schedule', async () => {
      const { feeFen, ...rest } = schedule(day);
      const tx = client.tx.appointments.publishSchedule({
        ...rest,
        start: BigInt(rest.start),
        kind: 'Remote',
        feeFen: BigInt(feeFen),
      });
      const { events, statuses } = await submit(tx, '//Alice');
      assert.deepEqual(statuses, ALL_STATUSES[rpcVersion]);
      scheduleId = eventOf(events, client.events.appointments.SchedulePublished).schedule;
    }],
    ['book an appointment', async () => {
      const uri = `//Alice//patient//${patientNumber}`;
      const role = await client.query.members.accounts(keyring.addFromUri(uri).address);
      assert.equal(role.type, 'Patient');
      const tx = client.tx.appointments.book(role.value, scheduleId, 0, false, undefined);
      const { events, statuses } = await submit(tx, uri);
      assert.deepEqual(statuses, ALL_STATUSES[rpcVersion]);
      appointmentId = eventOf(events, client.events.appointments.Booked).appointment;
      const stored = await client.query.appointments.appointments(appointmentId);
      assert.equal(stored.state.type ?? stored.state, 'Booked');
    }],
    ['batch', async () => {
      const calls = ['0x01', '0x02'].map((remark) => client.tx.system.remarkWithEvent(remark).call);
      const { events } = await submit(client.tx.utility.batchAll(calls), '//Alice');
      const remarked = events.filter(({ event }) => client.events.system.Remarked.is(event));
      assert.equal(remarked.length, 2);
    }],
    ['historical state', async () => {
      const hash = await client.rpc.chain_getBlockHash(1);
      const at = await client.at(hash);
      assert.equal(await at.query.system.number(), 1);
    }],
    ['proof', async () => {
      const key = client.query.appointments.appointments.rawKey(appointmentId);
      const { at, proof } = await client.rpc.state_getReadProof([key]);
      const { stateRoot } = await client.rpc.chain_getHeader(at);
      assertRooted(proof, stateRoot);
    }],
    ['disconnect', () => client.disconnect()],
  ].map(([name, step]) => [`${rpcVersion}: ${name}`, step]);
};

await run('dedot', [...steps('v2', 4, 3), ...steps('legacy', 5, 4)]);
