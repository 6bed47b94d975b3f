# Runs as process 1 of a temporary host with a root of its own, in namespaces of its own.
# $1: the host's folder. $2: the folder of the built programs. The others: what process 1 becomes.
set -eu
folder=$1 built=$2
shift 2

# /proc is still the host's: it shows this process as the host numbers it.
read -r pid rest </proc/self/stat
root=$folder/root
mkdir "$root"
mount -t tmpfs -o mode=0755 root "$root"
for link in bin sbin lib lib32 lib64 libx32; do
	[ ! -L "/$link" ] || cp -a "/$link" "$root/$link"
done
# Mounted, or a service manager would mount the host's own over it.
mkdir "$root/dev"
mount -t tmpfs -o mode=0755 dev "$root/dev"
mkdir -p "$root$folder" "$root/usr" "$root/etc" "$root/proc" "$root/sys" "$root/dev/pts" \
	"$root/dev/shm" "$root/run" "$root/root" "$root/home" "$root/var/log" "$root/var/lib" \
	"$root/var/service" "$root/service" "$root/old" "$root/.usr/upper" "$root/.usr/work"
mkdir -p "$root/tmp" "$root/var/tmp"
chmod 1777 "$root/tmp" "$root/var/tmp"

# Programs of the host, with what is added or taken away here alone.
layers="lowerdir=/usr,upperdir=$root/.usr/upper,workdir=$root/.usr/work"
mount -t overlay -o "$layers" usr "$root/usr"
mount --bind "$folder" "$root$folder"
mount --bind /etc "$root$folder/host-etc"
mount -o remount,bind,ro "$root$folder/host-etc"
mount --bind "$built" "$root$folder/bin"
mount --bind "$folder/etc" "$root/etc"

mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
# What the kernel has one of is not for this host to change.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro,nosuid,nodev,noexec sys "$root/sys"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup "$root/sys/fs/cgroup" 2>/dev/null || true
mount -t tmpfs -o mode=0755 run "$root/run"
mkdir -m 0755 "$root/run/sshd"
for node in null zero full random urandom tty; do
	: >"$root/dev/$node"
	mount --bind "/dev/$node" "$root/dev/$node"
done
mount -t devpts -o newinstance,mode=0620,ptmxmode=0666,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"

# A service manager here starts what a test gives it, and nothing of the host's.
rm -rf "$root"/usr/lib/systemd/system/*.wants "$root"/usr/lib/systemd/system-generators/*
for program in portreeved:sbin portreeve:bin portreeve-tools:bin portreeve-tools:sbin; do
	ln -sf "$folder/bin/${program%:*}" "$root/usr/${program#*:}/${program%:*}"
done

cd "$root"
pivot_root . old
umount -l /old
cd /
hostname temporary
ip link set lo up
echo "$pid"
exec setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio,-syslog "$@"
