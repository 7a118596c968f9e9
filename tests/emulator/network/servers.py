#!/usr/bin/env python3
"""Plays the servers that Parsec needs, and a proxy in front of them, on loopback.

    servers.py FOLDER

FOLDER has server.pem and server.key. Ports are chosen by the system and written to FOLDER/ports, one "NAME PORT" a line:
api and ws (TLS), stun (UDP), proxy (HTTP). How they behave is read from FOLDER/modes at each connection, "NAME=VALUE" a
line; what is not there is in order:

    api, ws   ok, plain (answers without TLS), silent (takes connections and says nothing)
    date      seconds by which the Date of answers is off
    stun      ok, silent, garbage
    mapped    the address that STUN tells, default that of the sender
    proxy     ok, denied (403), bad_gateway (502), silent

The proxy leads every name to the server with that port, and the relay of bytes is its own.
"""
import email.utils
import os
import socket
import ssl
import struct
import sys
import threading
import time

COOKIE = 0x2112A442
FOLDER = sys.argv[1]


def mode(name, otherwise="ok"):
    try:
        with open(os.path.join(FOLDER, "modes"), encoding="ascii") as file:
            for line in file:
                key, _, value = line.strip().partition("=")
                if key == name:
                    return value
    except FileNotFoundError:
        pass
    return otherwise


def read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head and len(head) < 8192:
        data = connection.recv(4096)
        if not data:
            break
        head += data
    return head


def answer_https(connection, name, context):
    how = mode(name)
    if how == "silent":
        time.sleep(3600)
    if how == "plain":
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        return
    with context.wrap_socket(connection, server_side=True) as secure:
        if read_head(secure):
            date = email.utils.formatdate(time.time() + int(mode("date", "0")), usegmt=True)
            secure.sendall(("HTTP/1.1 404 Not Found\r\nDate: %s\r\nContent-Length: 0\r\n"
                            "Connection: close\r\n\r\n" % date).encode())


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def answer_proxy(connection, ports):
    how = mode("proxy")
    request = read_head(connection).split(b"\r\n")[0].decode("ascii", "replace").split(" ")
    with open(os.path.join(FOLDER, "proxy.log"), "a", encoding="ascii") as log:
        log.write(" ".join(request) + "\n")
    if how == "silent":
        time.sleep(3600)
    if how == "denied" or len(request) != 3 or request[0] != "CONNECT":
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        return
    port = int(request[1].rpartition(":")[2])
    if how == "bad_gateway" or port not in ports:
        connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        return
    with socket.create_connection(("127.0.0.1", port)) as upstream:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=pump, args=(upstream, connection), daemon=True)
        back.start()
        pump(connection, upstream)
        back.join()


def serve(listener, answer, *arguments):
    def one(connection):
        with connection:
            try:
                answer(connection, *arguments)
            except (OSError, ValueError):
                pass

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=one, args=(connection,), daemon=True).start()


def serve_stun(udp):
    while True:
        data, sender = udp.recvfrom(2048)
        how = mode("stun")
        if how == "silent" or len(data) < 20:
            continue
        kind, _, cookie = struct.unpack_from(">HHI", data)
        if kind != 0x0001 or cookie != COOKIE:
            continue
        if how == "garbage":
            udp.sendto(b"\1\1" + os.urandom(30), sender)
            continue
        address, = struct.unpack(">I", socket.inet_aton(mode("mapped", sender[0])))
        mapped = struct.pack(">HHBBHI", 0x0020, 8, 0, 1, sender[1] ^ COOKIE >> 16, address ^ COOKIE)
        udp.sendto(struct.pack(">HHI", 0x0101, len(mapped), COOKIE) + data[8:20] + mapped, sender)


def listen():
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, listener.getsockname()[1]


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(FOLDER, "server.pem"), os.path.join(FOLDER, "server.key"))
    api, api_port = listen()
    ws, ws_port = listen()
    proxy, proxy_port = listen()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    with open(os.path.join(FOLDER, "ports.new"), "w", encoding="ascii") as file:
        file.write("api %d\nws %d\nstun %d\nproxy %d\n" % (api_port, ws_port, udp.getsockname()[1], proxy_port))
    os.replace(os.path.join(FOLDER, "ports.new"), os.path.join(FOLDER, "ports"))
    for listener, answer, arguments in ((api, answer_https, ("api", context)), (ws, answer_https, ("ws", context)),
                                        (proxy, answer_proxy, ((api_port, ws_port),))):
        threading.Thread(target=serve, args=(listener, answer, *arguments), daemon=True).start()
    serve_stun(udp)


if __name__ == "__main__":
    main()
