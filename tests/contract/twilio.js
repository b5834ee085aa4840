// Makes requests with Twilio's own package, and prints what a server receives. Reads cases of the conformance driver
// from standard input, a JSON object per line. Prints a JSON object per line with method, target, headers and
// body_b64. The package uses its own HTTP client; only the host is replaced, by a server on the loopback interface.
'use strict';
const http = require('node:http');
const readline = require('node:readline');
for (const name of Object.keys(process.env)) if (name.startsWith('TWILIO_')) delete process.env[name];
const twilio = require('twilio');

const text = (base64) => base64 === undefined ? undefined : Buffer.from(base64, 'base64').toString();

const operations = {
    create_subscription: (call, given) => call.userDefinedMessageSubscriptions.create({
        callback: text(given.callback_b64), idempotencyKey: text(given.idempotency_key_b64), method: given.method}),
    delete_subscription: (call, given) => call.userDefinedMessageSubscriptions(given.sid).remove(),
    create_message: (call, given) => call.userDefinedMessages.create({
        content: text(given.content_b64), idempotencyKey: text(given.idempotency_key_b64)}),
};

let arrived;
const server = http.createServer(async (request, response) => {
    const body = [];
    for await (const piece of request) body.push(piece);
    arrived.push({method: request.method, target: request.url, headers: request.headers,
        body_b64: Buffer.concat(body).toString('base64')});
    response.writeHead(request.method === 'DELETE' ? 204 : 201, {'Content-Type': 'application/json'});
    response.end(request.method === 'DELETE' ? '' : '{}');
});

server.listen(0, '127.0.0.1', async () => {
    const here = `http://127.0.0.1:${server.address().port}`;
    class ToLoopback extends twilio.RequestClient {
        request(options) {
            const theirs = 'https://api.twilio.com';
            if (!options.uri.startsWith(theirs + '/')) throw new Error(`not to Twilio: ${options.uri}`);
            return super.request({...options, uri: here + options.uri.slice(theirs.length)});
        }
    }
    for await (const line of readline.createInterface({input: process.stdin})) {
        const given = JSON.parse(line);
        const client = twilio(given.account_sid, 'token', {httpClient: new ToLoopback({keepAlive: false})});
        arrived = [];
        await operations[given.op](client.calls(given.call_sid), given);
        if (arrived.length !== 1) throw new Error(`${arrived.length} requests for ${line}`);
        console.log(JSON.stringify(arrived[0]));
    }
    server.close();
});
