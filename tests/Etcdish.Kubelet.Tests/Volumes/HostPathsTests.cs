using System.Net.Sockets;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Volumes;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Volumes;

public sealed class HostPathsTests
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private TemporaryFolder _folder = null!;

    [OneTimeSetUp]
    public void Make()
    {
        _folder = new TemporaryFolder();
        Directory.CreateDirectory(_folder.File("dir"));
        File.WriteAllText(_folder.File("file"), "");
        File.CreateSymbolicLink(_folder.File("link"), "dir");
        Root.Run("mkfifo", _folder.File("pipe"));
        _socket.Bind(new UnixDomainSocketEndPoint(_folder.File("socket")));
    }

    [OneTimeTearDown]
    public void Delete()
    {
        _socket.Dispose();
        _folder.Dispose();
    }

    [TestCase("", "dir")]
    [TestCase("", "file")]
    [TestCase("Directory", "dir")]
    [TestCase("Directory", "link")]
    [TestCase("DirectoryOrCreate", "dir")]
    [TestCase("File", "file")]
    [TestCase("FileOrCreate", "file")]
    [TestCase("Socket", "socket")]
    [TestCase("CharDevice", "/dev/null")]
    [TestCase("Directory", "none", "hostPath PATH doesn't exist")]
    [TestCase("File", "none", "hostPath PATH doesn't exist")]
    [TestCase("Socket", "none/none", "hostPath PATH doesn't exist")]
    [TestCase("Directory", "file", "hostPath type check failed: PATH is not a directory, it's a File")]
    [TestCase("DirectoryOrCreate", "file", "hostPath type check failed: PATH is not a directory, it's a File")]
    [TestCase("File", "dir", "hostPath type check failed: PATH is not a file, it's a Directory")]
    [TestCase("FileOrCreate", "dir", "hostPath type check failed: PATH is not a file, it's a Directory")]
    [TestCase("File", "socket", "hostPath type check failed: PATH is not a file, it's a Socket")]
    [TestCase("Socket", "file", "hostPath type check failed: PATH is not a socket file, it's a File")]
    [TestCase("CharDevice", "file", "hostPath type check failed: PATH is not a character device, it's a File")]
    [TestCase("BlockDevice", "/dev/null", "hostPath type check failed: PATH is not a block device, it's a CharDevice")]
    [TestCase("Nonsense", "dir", "Nonsense is an invalid volume type")]
    [TestCase("Directory", "dir/../dir", "invalid HostPath `PATH`: must not contain '..'")]
    public void Types_are_checked(string type, string name, string problem = "")
    {
        var path = Path.Combine(_folder.FullPath, name);
        var wish = new HostPathManifest { Path = path, Type = type };
        if (problem.Length == 0)
        {
            Assert.That(() => HostPaths.Ensure(wish), Throws.Nothing);
        }
        else
        {
            Assert.That(() => HostPaths.Ensure(wish), Throws.TypeOf<VolumeException>().With.Message.EqualTo(problem.Replace("PATH", path)));
        }
    }

    [Test]
    public void A_pipe_is_nothing_that_is_known()
    {
        var wish = new HostPathManifest { Path = _folder.File("pipe"), Type = "File" };
        Assert.That(() => HostPaths.Ensure(wish), Throws.TypeOf<VolumeException>().With.Message.Contains("unable to determine its type"));
    }

    [TestCase("DirectoryOrCreate", true)]
    [TestCase("", true)]
    [TestCase("FileOrCreate", false)]
    public void What_is_missing_is_made(string type, bool isFolder)
    {
        var path = _folder.File($"new-{type}" + (isFolder ? "/deep" : ""));
        HostPaths.Ensure(new HostPathManifest { Path = path, Type = type });
        HostPaths.Ensure(new HostPathManifest { Path = path, Type = type });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Directory.Exists(path), Is.EqualTo(isFolder));
            Assert.That(File.Exists(path), Is.EqualTo(!isFolder));
            Assert.That((int)File.GetUnixFileMode(path), Is.EqualTo(isFolder ? Modes.Folder : Modes.File));
        }
    }
}
