// A mail server for tests: takes whatever comes and keeps it.
import { createServer } from 'node:net';

export async function startSmtp(t) {
  const mails = [];
  const server = createServer((socket) => {
    let text = '';
    let mail;
    const say = (line) => socket.write(`${line}\r\n`);
    socket.setEncoding('utf8').on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      text += chunk;
      for (;;) {
        const ending = mail === undefined ? '\r\n' : '\r\n.\r\n';
        const end = text.indexOf(ending);
        if (end < 0) return;
        const line = text.slice(0, end);
        text = text.slice(end + ending.length);
        if (mail !== undefined) {
          // Long lines of quoted-printable are broken.
          mails.push(line.replace(/=\r\n/g, ''));
          mail = undefined;
          say('250 taken');
        } else if (/^EHLO/i.test(line)) say('250 test');
        else if (/^DATA/i.test(line)) {
          mail = '';
          say('354 go on');
        } else if (/^QUIT/i.test(line)) {
          say('221 bye');
          socket.end();
        } else say('250 ok');
      }
    });
    say('220 test');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address();
  return {
    settings: `[providers.email]\nhost = "127.0.0.1"\nport = ${port}\ntls = "none"\nfrom = "Lingpai <noreply@example.com>"\n`,
    /** The code of the last mail. */
    code() {
      // That of the HTML part: six digits in a row are in many a boundary, too.
      const found = />(\d{6})</.exec(mails.at(-1) ?? '');
      if (!found) throw new Error(`no code in ${mails.at(-1)}`);
      return found[1];
    },
  };
}
