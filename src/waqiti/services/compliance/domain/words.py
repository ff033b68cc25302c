"""Words that say little about whose name it is, and words that are one word in several spellings."""

from typing import Final

_PARTICLES: Final = """
al el ul as ad at az bin ibn ben bint ould wuld e ed de del della di da do dos das du la le les los las van von der
den ter ten zu zur y i and und et of the for dr mr mrs ms mister haj hajj hajji hadji haji sheikh shaykh sheik
mullah mulla maulvi mawlawi qari sayyid sayed syed sayyed jr sr ii iii iv abd abdul abdel abdal abdol abdur
col colonel gen prof professor eng engineer doctor senor don dona
"""
PARTICLES: Final = frozenset(_PARTICLES.split())
"""Articles, "son of", "from", titles: neither their presence nor their absence tells two people apart."""

_LEGAL_FORMS: Final = {
    "ltd": "limited limitada ltda ltd",
    "co": "company companies cie cia compania compagnie co kompaniya",
    "inc": "incorporated inc corporation corp",
    "llc": "llc ooo tov mchj too",
    "sa": "sa spa sarl sas srl sl slu scs cv rl sapi bv nv ag ab as oy plc pte pvt sdn bhd gmbh mbh kg ohg",
    "jsc": "jsc ojsc cjsc pjsc oao zao pao ao aktsionernoe obshchestvo joint stock",
    "fze": "fze fzc fzco fzllc",
}
LEGAL_FORMS: Final = {word: form for form, words in _LEGAL_FORMS.items() for word in words.split()}
"""What kind of company, by the words that say so."""

_COMMON_IN_FIRMS: Final = """
afghanistan africa agency agricola air airlines airways american asia association aviation baghdad banco bank banque
belarus business center centre centro charitable charity china club colombia comercial comercializadora commercial
committee complex comunicaciones construcciones construction constructora council cuba damascus development
distribuidora dubai east electric electronic electronics energy engineering enterprise enterprises equipment
establishment europe exchange export federal finance financial foods foreign foundation fund gas global gold group
grupo health heavy holding holdings hotel house import importadora industria industrial industries industry
inmobiliaria institute institution insurance internacional international invest investment investments investors
iran iranian iraq islamic korea laboratories lebanon libya lines logistics machinery management manufacturing marine
maritime market medical metal mexico middle military mining ministry moscow motors national north northern office
oil organisation organization pakistan panama people petrochemical petroleum pharma pharmaceutical plant power
private product production products project projects properties public pyongyang real refinery relief republic
research resources restaurant russia russian sea security serbia service services servicios ship shipping shop
society solutions south southern state steel store sudan supply syria syrian system systems technical technologies
technology tecnologia tehran telecommunications tourism tours trade trading transport transportation transporte
transportes travel trust turkey ukraine union united university venezuela ventures west western works world yemen
"""
FIRM_WORDS: Final = frozenset(_COMMON_IN_FIRMS.split())
"""Words of companies, banks and offices, which no person is called."""

_COMMON_GIVEN: Final = """
hafiz abou abu adam adel adnan ahmad aisha akbar alejandra alejandro alex alexander alexandr alfonso alfredo ali alice
amina amir ana andre andrea andreas andrei andrew andriy andrzej angel anna anne anton antonio anwar arturo asghar
ashraf ayman barbara beatriz ben benjamin bernard bilal bogdan boris camila camilo carla carlo carlos carmen
carolina catalina cesar charles chen chol chris christian christina christine christopher claudia daniel daniela
david dejan diana diego dmitri edgar eduardo elena elisabeth elizabeth emil emilio emily emma enrique eric ernesto
esteban eva fahd faisal fang fatima felipe felix feng ferenc fernanda fernando francesco francisco francois frank
fred gabriel gabriela george gerardo giovanni giuseppe gloria goran guadalupe guillermo guk gustavo habib haidar
haider hamid hamza hans hao hasan hashim hassan hector helen henry hisham hong hossein hugo hui husayn hussain hwa
hye hyun ibrahim ignacio igor il irina iryna isa isabel ismail ivan jack jafar jaime jamal james jan jane javier
jawad jean jesus ji jian jie jim jin joao joe johan john jorge jose joseph jovan juan julia juliana julio jun kamal
karim karl katarzyna kazem kenji khalid laszlo laura leon leonardo linda lisa luca lucas lucia luis luisa luiz maher
mahmud majid mansour marco marcos margaret maria mariam mariana marie mario mark marta martha martin marwan mary
mauricio max mehdi mehmet mi michael michel miguel mikhail milan min ming mohan monica monika muhammad mustafa nabil
nadia nam nasir nasser natalia nicola nicolas nikola nikolai noah nur oksana olena olga oliver omar osama oscar
pablo paola patricia patrick paul paula pavel pedro peter philip pierre ping piotr priya qiang rachel rafael rahman
raj rajesh ramon raul reza ricardo richard robert roberto rocio rodrigo roman rosa rosario ruben ryong saad said
salih salim samir samuel sandra santiago sara sergei sergio silvia simon sofia soo stanislav stefan stephen steven
su sultan sung sunita susan svetlana tao taras tariq teresa thomas tim tom umm un valentina victor viktor viktoria
vincent vladimir waleed walter wei william woo xiao xin yan yang ying yong yuki yuri yusuf zainab zia ziad zoran
"""
_COMMON_FAMILY: Final = """
abdallah adams aguilar ahmadi ahn akbari allen alvarez amiri anderson bailey baker brown castillo castro cho choi
chung clark cooper cruz das davies davis dias diaz fernandes fernandez ferrari flores fofanah garcia gomes gomez
gonzalez green gupta gutierrez hall hamdan hamdi han harris hasani hashemi hernandez hill hoang hosseini huang
hughes hwang ibrahimi im ivanov ivanova jackson jafari jang jeong jimenez johnson jones jung kamara kang karimi khan
kim king kumar kuznetsov lee lewis li lim lin liu lopez ma mansur martinez martins mendoza miller mitchell mohammadi
moore moradi morales moreno morris mueller muller murphy nasser nguyen novak ortega ortiz park patel pereira perez
petrov pham phillips popov rahimi rahmani ramirez ramos reyes rezaei rivera roberts robinson rodrigues rodriguez
romero rossi ruiz saleh salem sanchez santos sato schmidt schneider scott shah sharifi sharma silva singh smirnov
smith sokolov song sousa souza suarez sun suzuki tan tanaka taylor thompson torres tran turner valencia vargas
vasquez vega walker wang watson weber white wilson wong wood wright wu xu yamamoto yilmaz yoon young yu zhang zhao
zhou
"""
COMMON: Final = FIRM_WORDS | frozenset(f"{_COMMON_GIVEN} {_COMMON_FAMILY}".split())
"""Words that many names share, whatever a list holds."""

_SPELLINGS: Final = """
muhammad mohammad mohammed mohamed muhammed mohamad muhamad muhamed mohd mohamud mahomed mehmed mokhammed magomed
ahmad ahmed akhmad akhmed achmad ahmet akhmet
husayn hussein hussain hossein husain husein hosein husseyn houssein khusein khusayn
hasan hassan khasan
yusuf yousef youssef yousuf yusef yosef youcef yusif yousif yussuf
ibrahim ebrahim ibraheem ibragim
ismail ismael esmail ismaeel esmaeil
mustafa mostafa moustafa mustapha moustapha mustafo
mahmud mahmoud mahmood makhmud mehmood
khalid khaled halid
umar omar omer oumar
uthman othman osman usman ousmane
usama osama oussama
said saeed saeid sayeed saed saiid
salih saleh salah saalih
sulayman suleiman sulaiman soleiman suleyman sulaymon
abdallah abdullah abdulla abdalla abdollah abdullahi abdoulaye
ali aly
amin ameen amine
jamal gamal djamal
jamil gamil jameel djamel
nur noor nour
karim kareem kerim
rashid rasheed rachid rachide
hamid hameed hamed
tariq tarik tareq tarek
umara omara
fatima fatma fatimah fatemeh
aisha ayesha aicha aysha
zaynab zainab zeinab zeynep
qasim kasim qassem kassem qasem kassim qassim
laden ladin
yahya yahia yehia
isa issa eisa
musa moussa mousa moosa
dawud daoud dawood daud davud
tahir taher
zayd zaid zeid
walid waleed
iskandar eskandar
sergei sergey serguei sergej
dmitri dmitry dmitriy dmitrii dimitri dimitry
andrei andrey andrej
alexei aleksei alexey aleksey alexej oleksiy
alexander aleksandr alexandr aleksander oleksandr aliaksandr
benjamin binyamin benyamin
yuri yury yuriy iouri jurij yurii
nikolai nikolay nikolaj mykola mikalai
evgeni evgeny evgeniy yevgeny yevgeni yevgeniy
vladimir volodymyr wladimir uladzimir
mikhail mikhael mikhaylo mykhailo
anatoli anatoly anatoliy
vasili vasily vasiliy vassili
valeri valery valeriy
grigori grigory grigoriy
vitali vitaly vitaliy
georgi georgy georgiy
elena yelena
ekaterina yekaterina
natalia nataliya nataliia natalya
oleg oleh
igor ihor
sofia sofiya sophia
viktor victor
joseph josef iosif
philip phillip philippe
yong young yeong
jong chong jeong
li lee yi ri
pak park bak
choe choi choy
jo cho
jung chung
kim gim
ho hoe
chol cheol
hyok hyeok
un eun
hyon hyun hyeon
il yil
yun yoon
song sung seong
"""
SPELLINGS: Final = {word: line.split()[0] for line in _SPELLINGS.strip().splitlines() for word in line.split()}
"""One spelling for each word that is written in several."""
