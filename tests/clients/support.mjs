// What the conformance scripts share: steps with a name, a deadline for the whole, and the facts of
// the preset chains that they rely on.

import assert from 'node:assert/strict';

import { blake2AsHex } from '@polkadot/util-crypto';

export { assert };

/** The URL of the node under test. */
export const url = process.argv[2];
if (!url) {
  console.error('usage: node SCRIPT.mjs ws://HOST:PORT');
  process.exit(2);
}

const DEADLINE_MS = 120_000;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** The well-known phrase from which the accounts of the presets are derived. */
export const DEV_PHRASE =
  'bottom drive obey lake curtain smoke basket hold race lonely fit walk';

/** A schedule of the first practitioner, `days` from now; every script takes another day. */
export function schedule(days) {
  const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  return {
    practitioner: 0,
    department: 1,
    start: midnight + days * DAY_MS + 2 * HOUR_MS,
    slotMinutes: 15,
    slots: 8,
    capacity: 1,
    feeFen: 1_000,
  };
}

/** Runs the steps in order and exits: 0 when all hold, 1 at the first that does not. */
export async function run(client, steps) {
  const watchdog = setTimeout(() => {
    console.error(`${client}: not finished after ${DEADLINE_MS} ms`);
    process.exit(1);
  }, DEADLINE_MS);
  let current = 'start';
  try {
    for (const [name, step] of steps) {
      current = name;
      const started = performance.now();
      await step();
      console.log(`${client}: ${name} (${Math.round(performance.now() - started)} ms)`);
    }
  } catch (error) {
    console.error(`${client}: ${current} FAILED`);
    console.error(error);
    process.exit(1);
  }
  clearTimeout(watchdog);
  console.log(`${client}: ${steps.length} steps hold`);
  process.exit(0);
}

/** Resolves with the first value that `subscribe` passes to its callback and `accept` takes. */
export function first(subscribe, accept = () => true) {
  return new Promise((resolve, reject) => {
    Promise.resolve(subscribe((value) => accept(value) && resolve(value))).catch(reject);
  });
}

/** Resolves with the first `count` values that `subscribe` passes to its callback. */
export async function several(count, subscribe) {
  const values = [];
  await first(subscribe, (value) => values.push(value) >= count);
  return values.slice(0, count);
}

/** The items, each only once where it follows itself. */
export function withoutRepeats(items) {
  return items.filter((item, place) => item !== items[place - 1]);
}

/** Heads that follow each other without a gap. */
export function assertConsecutive(numbers) {
  for (const [place, number] of numbers.entries()) {
    assert.equal(number, numbers[0] + place, `consecutive: ${numbers}`);
  }
}

/** That a proof begins at the state root of its block. (`tests/subxt.rs` verifies one to the leaf.) */
export function assertRooted(proof, stateRoot) {
  assert.ok(proof.map((node) => blake2AsHex(node)).includes(stateRoot), 'a node is the root');
}
