"""Listens on [::]:22 with IPv4, and starts sshd -i for each connection."""
import signal
import socket
import subprocess

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
server = socket.create_server(("::", 22), family=socket.AF_INET6, dualstack_ipv6=True)
while True:
    peer, _ = server.accept()
    subprocess.Popen(["/usr/sbin/sshd", "-i"], stdin=peer, stdout=peer, start_new_session=True)
    peer.close()
