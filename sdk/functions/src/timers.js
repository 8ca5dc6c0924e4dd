import { nextTime, parseCron } from './cron.js';

/** setTimeout takes no more milliseconds. */
const LONGEST_WAIT = 2 ** 31 - 1;

/**
 * Runs `trigger(name, trigger)` whenever a timer of the catalog is due. Answers how to stop, and what could not be read.
 */
export function startTimers(functions, trigger) {
  const pending = new Set();
  const problems = [];
  for (const { name, triggers } of functions.values()) {
    for (const timer of triggers) {
      try {
        schedule(name, timer, parseCron(timer.config));
      } catch (error) {
        problems.push(`${name}: ${error.message}`);
      }
    }
  }

  function schedule(name, timer, cron, after = Date.now()) {
    const due = nextTime(cron, after);
    if (due === undefined) return;
    const wait = () => {
      const left = due - Date.now();
      const handle = setTimeout(() => {
        pending.delete(handle);
        if (left > LONGEST_WAIT) return wait();
        schedule(name, timer, cron, due);
        trigger(name, timer);
      }, Math.max(0, Math.min(left, LONGEST_WAIT)));
      pending.add(handle);
    };
    wait();
  }

  return { problems, stop: () => pending.forEach(clearTimeout) };
}
