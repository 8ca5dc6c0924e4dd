// uniCloud's timers: seven fields, `second minute hour day month weekday year`.

const FIELDS = [
  ['second', 0, 59],
  ['minute', 0, 59],
  ['hour', 0, 23],
  ['day', 1, 31],
  ['month', 1, 12],
  ['weekday', 0, 7],
  ['year', 1970, 2099],
];
/** No timer is looked for further ahead than this. */
const HORIZON_DAYS = 366 * 5;

/** Reads an expression with `*`, `?`, `a`, `a-b`, `a,b`, and `/step`; six fields lack the year. Throws on others. */
export function parseCron(text) {
  const parts = String(text).trim().split(/\s+/);
  if (parts.length === 6) parts.push('*');
  if (parts.length !== FIELDS.length) throw new Error(`定时表达式应有 7 段 · a timer has seven fields: ${text}`);
  const sets = {};
  FIELDS.forEach(([name, least, most], at) => (sets[name] = parseField(parts[at], least, most)));
  if (sets.weekday?.has(7)) sets.weekday.add(0);
  return sets;
}

function parseField(text, least, most) {
  if (text === '*' || text === '?') return null;
  const values = new Set();
  for (const part of text.split(',')) {
    const [, from, to, step] = /^(\*|\d+)(?:-(\d+))?(?:\/(\d+))?$/.exec(part) ?? [];
    const first = from === '*' ? least : Number(from);
    const last = to ? Number(to) : from === '*' || step ? most : first;
    if (!from || first < least || last > most || first > last || step === '0') throw new Error(`不是有效的定时字段 · not a field of a timer: ${part}`);
    for (let value = first; value <= last; value += Number(step ?? 1)) values.add(value);
  }
  return values;
}

/** The first time after `after` (milliseconds, local time zone) that the timer is due; undefined if there is none. */
export function nextTime(cron, after) {
  const fits = (set, value) => !set || set.has(value);
  const start = new Date(after);
  const day = new Date(start.getFullYear(), start.getMonth(), start.getDate());
  for (let days = 0; days <= HORIZON_DAYS; days++, day.setDate(day.getDate() + 1)) {
    if (!fits(cron.year, day.getFullYear()) || !fits(cron.month, day.getMonth() + 1)) continue;
    if (!fits(cron.day, day.getDate()) || !fits(cron.weekday, day.getDay())) continue;
    for (let hour = 0; hour < 24; hour++) {
      if (!fits(cron.hour, hour)) continue;
      for (let minute = 0; minute < 60; minute++) {
        if (!fits(cron.minute, minute)) continue;
        for (let second = 0; second < 60; second++) {
          if (!fits(cron.second, second)) continue;
          const time = new Date(day.getFullYear(), day.getMonth(), day.getDate(), hour, minute, second).getTime();
          if (time > after) return time;
        }
      }
    }
  }
  return undefined;
}
