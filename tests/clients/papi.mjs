// polkadot-api (PAPI) against a node: the new JSON-RPC (chainHead, transaction, archive).

import { sr25519CreateDerive } from '@polkadot-labs/hdkd';
import { entropyToMiniSecret, mnemonicToEntropy } from '@polkadot-labs/hdkd-helpers';
import { Binary, createClient, Enum } from 'polkadot-api';
import { getPolkadotSigner } from 'polkadot-api/signer';
import { getWsProvider } from 'polkadot-api/ws';
import { WebSocket } from 'ws';
import {
  assert, assertConsecutive, assertRooted, DEV_PHRASE, run, schedule, several, url, withoutRepeats,
} from './support.mjs';

const derive = sr25519CreateDerive(entropyToMiniSecret(mnemonicToEntropy(DEV_PHRASE)));
const signerOf = (path) => {
  const pair = derive(path);
  return { signer: getPolkadotSigner(pair.publicKey, 'Sr25519', pair.sign), ...pair };
};

let client;
let api;
let scheduleId;
let appointmentId;
let address;

/** Every kind of event of a transaction that goes well, in order. */
const ALL_KINDS = ['signed', 'broadcasted', 'best:true', 'finalized'];

/** What an observable emits first, `count` times. */
const emitted = (count, observable) => several(count, (next) => { observable.subscribe({ next }); });

/** Signs, submits and watches; gives the kinds of event seen and the last. */
function submit(tx, signer) {
  const kinds = [];
  return new Promise((resolve, reject) => {
    tx.signSubmitAndWatch(signer).subscribe({
      next: (event) => {
        kinds.push(event.type === 'txBestBlocksState' ? `best:${event.found}` : event.type);
        if (event.type === 'finalized') resolve({ ...event, kinds: withoutRepeats(kinds) });
      },
      error: reject,
    });
  });
}

const eventOf = (events, pallet, name) => {
  const found = events.find((event) => event.type === pallet && event.value.type === name);
  assert.ok(found, `no ${pallet}.${name}`);
  return found.value.value;
};

await run('polkadot-api', [
  ['connect', async () => {
    client = createClient(getWsProvider(url, { websocketClass: WebSocket }));
    api = client.getUnsafeApi();
    const spec = await client.getChainSpecData();
    assert.ok(spec.name.length > 0);
    assert.equal(spec.properties.ss58Format, 42);
  }],
  ['constants', async () => {
    const version = await api.constants.System.Version();
    assert.equal(version.spec_name, 'xinglin');
  }],
  ['storage once', async () => {
    const { AccountId } = await import('polkadot-api');
    address = AccountId(42).dec(signerOf('//Alice').publicKey);
    const account = await api.query.System.Account.getValue(address);
    assert.ok(account.data.free > 0n);
  }],
  ['entries', async () => {
    assert.equal((await api.query.Members.Members.getEntries()).length, 6);
  }],
  ['storage subscribed', async () => {
    const [before, after] = await emitted(2, api.query.Timestamp.Now.watchValue({ at: 'best' }));
    assert.ok(after.value > before.value, `${before.value} and then ${after.value}`);
  }],
  ['heads', async () => {
    const finalized = await emitted(3, client.finalizedBlock$);
    assertConsecutive(finalized.map(({ number }) => number));
    const best = await emitted(3, client.bestBlocks$);
    for (const blocks of best) assertConsecutive(blocks.map(({ number }) => number).reverse());
    const { hash, number } = finalized[0];
    assert.equal((await client.getBlockHeader(hash)).number, number);
  }],
  ['runtime call', async () => {
    const version = await api.apis.Core.version();
    assert.equal(version.spec_name, 'xinglin');
  }],
  ['publish a schedule', async () => {
    const { practitioner, department, start, slotMinutes, slots, capacity, feeFen } = schedule(3);
    const tx = api.tx.Appointments.publish_schedule({
      schedule: {
        practitioner,
        department,
        kind: Enum('First'),
        start: BigInt(start),
        slot_minutes: slotMinutes,
        slots,
        capacity,
        fee_fen: BigInt(feeFen),
      },
    });
    const { ok, events, kinds } = await submit(tx, signerOf('//Alice').signer);
    assert.ok(ok);
    assert.deepEqual(kinds, ALL_KINDS);
    scheduleId = eventOf(events, 'Appointments', 'SchedulePublished').schedule;
  }],
  ['book an appointment', async () => {
    const { AccountId } = await import('polkadot-api');
    const { signer, publicKey } = signerOf('//Alice//patient//2');
    const role = await api.query.Members.Accounts.getValue(AccountId(42).dec(publicKey));
    assert.equal(role.type, 'Patient');
    const tx = api.tx.Appointments.book({
      patient: role.value,
      schedule: scheduleId,
      slot: 1,
      waitlist: false,
      pre_visit_grant: undefined,
    });
    const { ok, events, kinds } = await submit(tx, signer);
    assert.ok(ok);
    assert.deepEqual(kinds, ALL_KINDS);
    appointmentId = eventOf(events, 'Appointments', 'Booked').appointment;
    const stored = await api.query.Appointments.Appointments.getValue(appointmentId);
    assert.equal(stored.state.type, 'Booked');
  }],
  ['batch', async () => {
    const calls = ['one', 'two'].map(
      (text) => api.tx.System.remark_with_event({ remark: Binary.fromText(text) }).decodedCall,
    );
    const { ok, events } = await submit(api.tx.Utility.batch_all({ calls }), signerOf('//Alice').signer);
    assert.ok(ok);
    assert.equal(events.filter((event) => event.value.type === 'Remarked').length, 2);
  }],
  ['historical state', async () => {
    const hash = await client._request('archive_v1_hashByHeight', [1]);
    assert.equal(await api.query.System.Number.getValue({ at: hash[0] }), 1);
  }],
  ['proof', async () => {
    const key = await api.query.Appointments.Appointments.getKey(appointmentId);
    const { at, proof } = await client._request('state_getReadProof', [[key]]);
    const { stateRoot } = await client._request('chain_getHeader', [at]);
    assertRooted(proof, stateRoot);
  }],
  ['disconnect', () => client.destroy()],
]);
