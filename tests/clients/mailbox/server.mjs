// A mail server for tests, on a library that others maintain: takes what a sender hands over and says each mail as a line of JSON.
//   node mailbox/server.mjs [key.pem certificate.pem]
// With a key it offers STARTTLS and, unless NO_AUTH is yes, takes mail from who signs in as USER with PASSWORD; without one it takes it from anybody, in clear.
import { readFileSync } from 'node:fs';
import { SMTPServer } from 'smtp-server';

const [key, certificate] = process.argv.slice(2).map((file) => readFileSync(file));
const say = (line) => console.log(JSON.stringify(line));

const server = new SMTPServer({
  ...(key ? { key, cert: certificate } : { disabledCommands: ['STARTTLS', 'AUTH'] }),
  authOptional: !key || process.env.NO_AUTH === 'yes',
  onAuth({ username, password }, session, done) {
    const known = username === process.env.USER && password === process.env.PASSWORD && session.secure;
    done(known ? null : new Error('nobody we know'), known ? { user: username } : undefined);
  },
  async onData(stream, session, done) {
    const parts = [];
    for await (const part of stream) parts.push(part);
    say({ mail: { to: session.envelope.rcptTo.map((to) => to.address), secure: session.secure, user: session.user ?? null, text: Buffer.concat(parts).toString() } });
    done();
  },
});
server.on('error', (wrong) => say({ wrong: wrong.message }));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => say({ listening: server.server.address().port }));
