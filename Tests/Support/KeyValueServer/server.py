# A key-value store in one process, over HTTP or HTTPS, that wants credentials: what tests of external clusters run
# against. Prints its port, and every request on a line of its own.
import argparse, base64, http.server, json, socketserver, ssl, sys, threading, urllib.parse

options = argparse.ArgumentParser()
options.add_argument("--port", type=int, default=0)
options.add_argument("--certificate")
options.add_argument("--key")
options.add_argument("--client-authority")
options.add_argument("--revoked")
options.add_argument("--newest", choices=["1.1", "1.2", "1.3"])
options.add_argument("--authorization", help="what the header Authorization must be")
arguments = options.parse_args()

store, lock, speaking = {}, threading.Lock(), threading.Lock()


def say(*words):
    """Says a line as a whole, whoever else speaks."""
    with speaking:
        sys.stdout.write(" ".join(str(word) for word in words) + "\n")
        sys.stdout.flush()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, document=None):
        body = json.dumps(document).encode() if document is not None else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve(self):
        length = int(self.headers.get("Content-Length", 0))
        document = json.loads(self.rfile.read(length)) if length else None
        say(self.command, self.path, self.headers.get("Host"))
        if arguments.authorization and self.headers.get("Authorization") != arguments.authorization:
            return self.answer(401, {"error": "who are you?"})
        if self.path == "/health":
            return self.answer(200, {"ready": True})
        key = urllib.parse.unquote(self.path.split("/")[2])
        with lock:
            if self.command == "GET":
                return self.answer(200, {"value": store[key]}) if key in store else self.answer(404, {})
            if self.command == "PUT":
                store[key] = document["value"]
                return self.answer(200, {})
            if self.command == "DELETE":
                return self.answer(200 if store.pop(key, None) is not None else 404, {})
        self.answer(405)

    do_GET = do_PUT = do_DELETE = serve


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    # In the connection's own thread, where a slow or refused handshake holds up nobody.
    def finish_request(self, request, address):
        if arguments.certificate:
            try:
                request = context.wrap_socket(request, server_side=True)
            except (ssl.SSLError, OSError) as error:
                say("handshake failed:", error)
                return
        super().finish_request(request, address)

    def handle_error(self, request, address):
        say("connection lost:", sys.exc_info()[1])


if arguments.certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(arguments.certificate, arguments.key)
    if arguments.newest == "1.1":
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.set_ciphers("ALL:@SECLEVEL=0")
    if arguments.newest:
        context.maximum_version = ssl.TLSVersion["TLSv" + arguments.newest.replace(".", "_")]
    if arguments.client_authority:
        context.load_verify_locations(arguments.client_authority)
        context.verify_mode = ssl.CERT_REQUIRED
    if arguments.revoked:
        context.load_verify_locations(arguments.revoked)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
server = Server(("127.0.0.1", arguments.port), Handler)
say("port", server.server_address[1])
server.serve_forever()
