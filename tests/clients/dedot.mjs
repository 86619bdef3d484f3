// dedot against a node: the new JSON-RPC by default, the legacy one on request.

import { Keyring } from '@polkadot/keyring';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { DedotClient, WsProvider } from 'dedot';
import { assert, first, run, schedule, url } from './support.mjs';

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
    return { ...outcome, statuses };
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
      assert.equal((await client.query.members.members.entries()).length, 5);
    }],
    ['storage subscribed', async () => {
      const moments = [];
      await first(
        (callback) => client.query.timestamp.now(callback),
        (moment) => moments.push(moment) >= 2,
      );
      assert.ok(moments[1] > moments[0]);
    }],
    ['heads', async () => {
      const finalized = await client.block.finalized();
      const best = await client.block.best();
      assert.ok(best.number >= finalized.number);
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
      assert.ok(statuses.includes('BestChainBlockIncluded'), `included before final: ${statuses}`);
      scheduleId = eventOf(events, client.events.appointments.SchedulePublished).schedule;
    }],
    ['book an appointment', async () => {
      const uri = `//Alice//patient//${patientNumber}`;
      const role = await client.query.members.accounts(keyring.addFromUri(uri).address);
      assert.equal(role.type, 'Patient');
      const tx = client.tx.appointments.book(role.value, scheduleId, 0, false, undefined);
      const { events } = await submit(tx, uri);
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
      const { proof } = await client.rpc.state_getReadProof([key]);
      assert.ok(proof.length > 0);
    }],
    ['disconnect', () => client.disconnect()],
  ].map(([name, step]) => [`${rpcVersion}: ${name}`, step]);
};

await run('dedot', [...steps('v2', 4, 3), ...steps('legacy', 5, 4)]);
